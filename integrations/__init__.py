"""Systems outside: each a small world of its own, off until configured, and no trouble to the rest when it is away."""
