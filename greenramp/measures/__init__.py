"""What came of users' requests, as the numbers that gates judge by."""
