-- The matching engine compares what an order's row says it has traded with its executions, at each start.
CREATE INDEX executions_of_buy_order ON executions (buy_order_id);
CREATE INDEX executions_of_sell_order ON executions (sell_order_id);
