"""What an administrator does to the directory: whose a key is, who is who, who is in which team."""
