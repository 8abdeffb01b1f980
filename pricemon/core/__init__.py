"""What a price is: pure parts and thin adapters. Ships in the Lambda zips."""
