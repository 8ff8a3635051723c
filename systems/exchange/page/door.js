/** Sign up and log in. */

import { ask } from "./api.js";
import { byId, h, replace } from "./dom.js";
import { note } from "./journal.js";
import { begin } from "./session.js";

/**
 * @param {function()} entered called when somebody has logged in
 */
export function showDoor(entered) {
  // What an account needs is said by the browser, beside the field. Whoever logs in has one, whatever its rules were.
  const username = h("input", {
    id: "username",
    name: "username",
    autocomplete: "username",
    pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]{2,31}",
    title: "3 to 32 letters, digits, dots, dashes",
    required: true,
  });
  const email = h("input", { id: "email", name: "email", type: "email", autocomplete: "email", required: true });
  const password = h("input", {
    id: "password",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    minlength: 8,
    required: true,
  });
  const anew = h("button", { type: "submit" }, "Sign up");
  const form = h(
    "form",
    { onsubmit: (event) => enter(event) },
    h("label", { for: "username" }, "Name", username),
    h("label", { for: "password" }, "Password, 8 characters or more", password),
    h("label", { for: "email" }, "E-mail, to sign up", email),
    h("div", { class: "row" }, h("button", { type: "submit", class: "main", formnovalidate: true }, "Log in"), anew),
    h("p", { class: "quiet" }, "An account of this lab only. Do not use a password that you use anywhere else."),
  );
  replace(byId("door"), h("h2", null, "Come in"), form);

  async function enter(event) {
    event.preventDefault();
    await (event.submitter === anew ? signUp() : logIn());
  }

  async function logIn() {
    const name = username.value.trim();
    if (name === "" || password.value === "") {
      note("Not logged in: that takes a name and a password", null, true);
      return;
    }
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
