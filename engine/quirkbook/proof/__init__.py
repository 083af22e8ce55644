"""Rules and the wire: refusals become draft rules, and rules are held against what endpoints answer."""
