-- What is asked over and over must not take longer with everything that has ever happened.

-- order-manager: a user's open orders are listed, newest first; those long done must not be read for that.
DROP INDEX orders_open_of_user;
CREATE INDEX orders_open_of_user ON orders (user_id, id) WHERE status IN ('NEW', 'OPEN', 'PARTIALLY_FILLED');
-- The sweeper looks at orders that were cancelled since it last looked.
CREATE INDEX orders_cancelled_by_user ON orders (updated_at) WHERE status = 'CANCELLED' AND reason = 'user';

-- reporting-service: shares that were brought, among all that a user's wallets have ever seen.
CREATE INDEX transactions_shares_brought ON transactions (user_id, asset) INCLUDE (available_delta)
    WHERE kind = 'deposit' AND asset <> 'USD';

-- user-service: each logout forgets what has expired.
CREATE INDEX revoked_tokens_expired ON revoked_tokens (expires_at);
