-- wallet-service

-- What a wallet's transactions add up to, up to one of them: a check adds only what has come since. A wallet's row is
-- locked before its transactions are written, so that they have their ids in the order of their commits.
CREATE TABLE wallet_checkpoints (
    user_id        bigint NOT NULL,
    asset          text NOT NULL,
    transaction_id bigint NOT NULL,
    available      bigint NOT NULL,
    blocked        bigint NOT NULL,
    PRIMARY KEY (user_id, asset)
);
DROP INDEX transactions_of_user;
CREATE INDEX transactions_of_wallet ON transactions (user_id, asset, id);
