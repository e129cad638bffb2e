"""What pages share: the state in their URL, words, figures of a range, charts, CSV files."""
