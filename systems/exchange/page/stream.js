/**
 * What the exchange tells by itself, over a WebSocket. While there is none (nobody is logged in, the service is away)
 * the page asks now and then instead: `connected()` says which of the two it is.
 */

const FIRST_PAUSE_MILLISECONDS = 500;
const LONGEST_PAUSE_MILLISECONDS = 15_000;
const PING_MILLISECONDS = 20_000;
/** The service's code for a token that is not worth anything any more. */
const REFUSED = 4401;

export class Stream {
  /**
   * @param {string} url
   * @param {{message: function(Object), changed: function(boolean), refused: function()}} listeners
   */
  constructor(url, listeners) {
    this.url = url;
    this.listeners = listeners;
    this.socket = null;
    this.isWelcome = false;
    this.pause = FIRST_PAUSE_MILLISECONDS;
    this.timer = null;
    this.pinger = null;
  }

  connected() {
    return this.isWelcome;
  }

  /** Begins anew; comes back by itself until `close`. */
  open(token, symbols) {
    this.close();
    this.token = token;
    this.symbols = symbols;
    this.connect();
  }

  follow(symbols) {
    this.symbols = symbols;
    if (this.isWelcome) {
      this.say({ type: "follow", symbols });
    }
  }

  close() {
    clearTimeout(this.timer);
    clearInterval(this.pinger);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.become(false);
  }

  connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.addEventListener("open", () => this.say({ type: "hello", token: this.token, symbols: this.symbols }));
    socket.addEventListener("message", (event) => {
      if (socket === this.socket) {
        this.hear(JSON.parse(event.data));
      }
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.socket) {
        this.lost(event.code);
      }
    });
  }

  hear(message) {
    if (message.type === "welcome") {
      this.pause = FIRST_PAUSE_MILLISECONDS;
      this.pinger = setInterval(() => this.say({ type: "ping" }), PING_MILLISECONDS);
      // The symbol may have changed meanwhile.
      this.say({ type: "follow", symbols: this.symbols });
      this.become(true);
    } else {
      this.listeners.message(message);
    }
  }

  lost(code) {
    clearInterval(this.pinger);
    this.become(false);
    if (code === REFUSED) {
      this.listeners.refused();
      return;
    }
    this.timer = setTimeout(() => this.connect(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MILLISECONDS);
  }

  say(message) {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(message));
    }
  }

  become(isWelcome) {
    if (this.isWelcome !== isWelcome) {
      this.isWelcome = isWelcome;
      this.listeners.changed(isWelcome);
    }
  }
}
