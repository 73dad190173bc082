"""An account as it was at one moment, in a file that everything but writing works on."""
