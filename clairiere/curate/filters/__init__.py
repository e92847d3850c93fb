"""One file per filter: `judge(document, options)` returns a verdict, or `judge_batch` the reasons of many documents."""
