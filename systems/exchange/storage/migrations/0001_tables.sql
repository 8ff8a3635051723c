-- Every table of the exchange. Money is cents, shares are whole: no column holds a fraction.
-- Tables refer to users and orders by id without foreign keys: each belongs to one service, which answers for its own.

-- user-service
CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username      text NOT NULL UNIQUE,
    email         text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- Tokens that were logged out before they expired.
CREATE TABLE revoked_tokens (
    token_id   text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

-- wallet-service
CREATE TABLE wallets (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id   bigint NOT NULL,
    asset     text NOT NULL,                                -- 'USD' in cents, or a symbol in shares
    available bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    blocked   bigint NOT NULL DEFAULT 0 CHECK (blocked >= 0),
    UNIQUE (user_id, asset)
);

-- What an order has blocked. It is there before its order: see order-manager.
CREATE TABLE holds (
    order_id   bigint PRIMARY KEY,
    user_id    bigint NOT NULL,
    asset      text NOT NULL,
    initial    bigint NOT NULL CHECK (initial > 0),
    remaining  bigint NOT NULL CHECK (remaining >= 0 AND remaining <= initial),
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at  timestamptz,
    CHECK (closed_at IS NULL OR remaining = 0)
);
CREATE INDEX holds_open ON holds (created_at) WHERE closed_at IS NULL;

-- Every change of a wallet has exactly one row here: the sums of the deltas are the wallets.
CREATE TABLE transactions (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         bigint NOT NULL,
    asset           text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('deposit', 'block', 'unblock', 'pay', 'receive')),
    available_delta bigint NOT NULL,
    blocked_delta   bigint NOT NULL,
    order_id        bigint,
    execution_id    bigint,
    idempotency_key text UNIQUE,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX transactions_of_user ON transactions (user_id, asset);

-- order-manager and matching-engine
CREATE SEQUENCE order_ids;                                   -- taken before the order is stored: its hold needs it
CREATE SEQUENCE book_sequences;                              -- the engine's order of arrival

CREATE TABLE orders (
    id              bigint PRIMARY KEY,
    user_id         bigint NOT NULL,
    client_order_id text,
    symbol          text NOT NULL,
    side            text NOT NULL CHECK (side IN ('buy', 'sell')),
    type            text NOT NULL CHECK (type IN ('limit', 'market')),
    price_cents     bigint NOT NULL CHECK (price_cents > 0),  -- of a market order: the worst price it may get
    quantity        bigint NOT NULL CHECK (quantity > 0),
    filled          bigint NOT NULL DEFAULT 0 CHECK (filled >= 0 AND filled <= quantity),
    status          text NOT NULL DEFAULT 'NEW' CHECK (
        status IN ('NEW', 'OPEN', 'PARTIALLY_FILLED', 'FILLED', 'CANCELLING', 'CANCELLED', 'REJECTED')
    ),
    reason          text,
    book_sequence   bigint,                                   -- time priority survives a restart
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, client_order_id)
);
CREATE INDEX orders_of_user ON orders (user_id, id);
CREATE INDEX orders_alive ON orders (symbol, book_sequence)
    WHERE status IN ('NEW', 'OPEN', 'PARTIALLY_FILLED', 'CANCELLING');

CREATE TABLE executions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol        text NOT NULL,
    price_cents   bigint NOT NULL CHECK (price_cents > 0),
    quantity      bigint NOT NULL CHECK (quantity > 0),
    buy_order_id  bigint NOT NULL,
    sell_order_id bigint NOT NULL,
    buyer_id      bigint NOT NULL,
    seller_id     bigint NOT NULL,
    taker_side    text NOT NULL CHECK (taker_side IN ('buy', 'sell')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    settled_at    timestamptz
);
CREATE INDEX executions_of_buyer ON executions (buyer_id, id);
CREATE INDEX executions_of_seller ON executions (seller_id, id);
CREATE INDEX executions_of_symbol ON executions (symbol, id);
CREATE INDEX executions_unsettled ON executions (id) WHERE settled_at IS NULL;

-- Events (systems/exchange/events). The outbox is the truth, Redis only the fast way to it.
CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream      text NOT NULL,
    name        text NOT NULL,
    payload     jsonb NOT NULL,
    traceparent text,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_of_stream ON outbox (stream, id);

CREATE TABLE processed_events (
    consumer_group text NOT NULL,
    event_id       bigint NOT NULL,
    processed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, event_id)
);
