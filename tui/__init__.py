"""Everything a person sees of initscope: the command line, the lab, the charts."""
