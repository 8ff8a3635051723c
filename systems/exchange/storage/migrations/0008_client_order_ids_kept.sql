-- order-manager

-- An order's row says under which client_order_id it was placed, for as long as there are orders. A row here is needed
-- only while somebody may still be placing the order: it is forgotten when nobody has asked for it for a while.
ALTER TABLE client_order_ids RENAME COLUMN created_at TO used_at;
CREATE INDEX client_order_ids_unused ON client_order_ids (used_at);
