"""What readers of JSON, tables and Parquet share: records → documents, by a mapping."""
