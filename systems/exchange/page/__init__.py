"""The trading page: static files, served by the gateway, without a build.

app.js      puts the page together         api.js      asks the gateway
session.js  who is logged in, in this tab  stream.js   what comes by itself
door.js     sign up and log in             ticket.js   the order ticket
market.js   book and trades                holdings.js wallet, orders, positions
journal.js  what was done, with traces     money.js    cents as dollars, and back
dom.js      making elements
"""
