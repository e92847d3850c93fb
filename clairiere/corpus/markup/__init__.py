"""What readers of XML, TEI, HTML, wikitext and office files share."""
