"""What the router and the serving cost, measured."""
