"""A source's files as readers get them: walked, unpacked, decoded; nothing touches the disk."""
