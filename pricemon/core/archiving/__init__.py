"""The archive put to use: read it in parallel, restore from it, verify it, hand it on."""
