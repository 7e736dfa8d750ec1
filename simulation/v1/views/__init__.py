"""What each way in says about the board in the end, in the same words."""
