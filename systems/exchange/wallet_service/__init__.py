"""Keeps what everybody has: money in cents and shares, available or blocked for an order. It must add up.

app.py         wires the parts below               routes.py      balances, deposits, blocking and unblocking
ledger.py      every change of a wallet, each with its row in `transactions`
holds.py       what orders have blocked            settlement.py  executions move money and shares
snapshots.py   reads of balances                  switches.py    which flag changes what
sweeper.py     holds without an order, now and then    audit.py       whether the books still balance
bodies.py      what requests bring                 metrics.py     what is counted      settings.py  what can be set

Rows are locked in one order everywhere: holds by their order's id, then wallets by user and asset.
"""
