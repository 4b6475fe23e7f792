"""The last module that a fork server loads: what it has loaded is not collected any more.

A collection writes into every object that it visits, and pages that are written are no longer
shared: each forked process would soon have its own copy of everything.
"""

import gc

gc.collect()
gc.freeze()
