"""Who has which share of a service's traffic, and how its requests are handled."""
