EXTRA_DIST += examples/inventory.json examples/shop.json
