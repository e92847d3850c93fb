"""What readers of transcripts and subtitles share."""
