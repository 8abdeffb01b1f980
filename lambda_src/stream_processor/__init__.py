"""The function that follows the table's stream and tells what changed."""
