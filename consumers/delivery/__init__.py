"""How deliveries get from a subscription to an outcome, and positions past them."""
