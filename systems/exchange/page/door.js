/** Sign up and log in. */

import { ask } from "./api.js";
import { byId, h, replace } from "./dom.js";
import { note } from "./journal.js";
import { begin } from "./session.js";

/**
 * @param {function()} entered called when somebody has logged in
 */
export function showDoor(entered) {
  const username = h("input", { id: "username", name: "username", autocomplete: "username", required: true });
  const email = h("input", { id: "email", name: "email", type: "email", autocomplete: "email" });
  const password = h("input", {
    id: "password",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const form = h(
    "form",
    { onsubmit: (event) => logIn(event) },
    h("label", { for: "username" }, "Name", username),
    h("label", { for: "password" }, "Password, 8 characters or more", password),
    h("label", { for: "email" }, "E-mail, to sign up", email),
    h(
      "div",
      { class: "row" },
      h("button", { type: "submit", class: "main" }, "Log in"),
      h("button", { type: "button", onclick: () => signUp() }, "Sign up"),
    ),
    h("p", { class: "quiet" }, "An account of this lab only. Do not use a password that you use anywhere else."),
  );
  replace(byId("door"), h("h2", null, "Come in"), form);

  async function logIn(event) {
    event?.preventDefault();
    const name = username.value.trim();
    try {
      const { content, traceId } = await ask("POST", "/auth/login", { username: name, password: password.value });
      begin(content.token, content.user.username);
      note(`Logged in as ${content.user.username}`, traceId);
      form.reset();
      entered();
    } catch (error) {
      note(`Not logged in: ${error.message}`, error.traceId, true);
    }
  }

  async function signUp() {
    const name = username.value.trim();
    try {
      const { traceId } = await ask("POST", "/auth/register", {
        username: name,
        email: email.value.trim(),
        password: password.value,
      });
      note(`Signed up as ${name}`, traceId);
    } catch (error) {
      note(`Not signed up: ${error.message}`, error.traceId, true);
      return;
    }
    await logIn();
  }
}
