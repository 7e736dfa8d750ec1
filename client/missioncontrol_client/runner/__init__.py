"""Runs agents for Mission Control: passes on what they say and do, asks for them, and obeys."""
