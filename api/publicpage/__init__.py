"""What everybody may see: current warnings, and where water stands on the roads."""
