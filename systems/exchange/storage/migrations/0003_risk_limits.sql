-- risk-manager

-- Limits of users who have others than the usual ones.
CREATE TABLE risk_limits (
    user_id               bigint PRIMARY KEY,
    max_order_value_cents bigint NOT NULL CHECK (max_order_value_cents >= 0),
    max_quantity          bigint NOT NULL CHECK (max_quantity >= 0),
    price_band_percent    integer NOT NULL CHECK (price_band_percent BETWEEN 0 AND 100),
    max_open_orders       integer NOT NULL CHECK (max_open_orders >= 0),
    updated_at            timestamptz NOT NULL DEFAULT now()
);
