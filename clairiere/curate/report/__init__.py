"""`curate/report.html`."""
