-- order-manager

-- The same client_order_id always has the same order id, from its first attempt on: however often and however much at
-- once an order is sent, it has one hold and is stored once.
CREATE TABLE client_order_ids (
    user_id         bigint NOT NULL,
    client_order_id text NOT NULL,
    order_id        bigint NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, client_order_id)
);

-- How many orders a user has open is asked before each new one, and must not grow with those long done.
CREATE INDEX orders_open_of_user ON orders (user_id) WHERE status IN ('NEW', 'OPEN', 'PARTIALLY_FILLED');
-- What the sweeper looks for: normally nothing.
CREATE INDEX orders_cancelling ON orders (updated_at) WHERE status = 'CANCELLING';
