-- Events (systems/exchange/events)

-- Which group wants which events: an event is kept until all of them have processed it.
CREATE TABLE event_subscriptions (
    consumer_group text NOT NULL,
    stream         text NOT NULL,
    name           text NOT NULL,
    PRIMARY KEY (consumer_group, stream, name)
);
