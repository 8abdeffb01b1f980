"""The function that tells chats and phones: an optional subscriber of the topic."""
