/** Who is logged in, in this tab only: a token that opens an account has no place where other tabs and days find it. */

const KEY = "exchange.session";

let session = read();

/** {token, username}, or null. */
export function current() {
  return session;
}

export function begin(token, username) {
  session = { token, username };
  store();
}

export function end() {
  session = null;
  store();
}

function read() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY));
    return typeof found?.token === "string" && typeof found.username === "string" ? found : null;
  } catch {
    // A browser may refuse storage, and anybody may write nonsense into it.
    return null;
  }
}

function store() {
  try {
    if (session === null) {
      sessionStorage.removeItem(KEY);
    } else {
      sessionStorage.setItem(KEY, JSON.stringify(session));
    }
  } catch {
    // Then the session lives as long as the page.
  }
}
