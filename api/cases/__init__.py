"""What people do with incidents: report them, take them through their stages, merge and split them."""
