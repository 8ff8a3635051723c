"""What is written into an answer's fields outlives a reload."""

#: A task's fields, as often as it is drawn; `write` is what somebody types or chooses.
TASK = """async (m) => {
  const kept = new Map();
  const storage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, text) => kept.set(name, text),
    removeItem: (name) => kept.delete(name),
  };
  const field = (type, value = "") => Object.assign(document.createElement("input"), { type, name: "one", value });
  const drawn = (name, fields, from = () => storage) => {
    const element = document.createElement("div");
    element.append(...fields);
    const draft = m.draft(element, name, from);
    const write = (index, change) => {
      Object.assign(fields[index], change);
      fields[index].dispatchEvent(new Event("input", { bubbles: true }));
    };
    return { draft, write, says: () => fields.map(({ type, value, checked }) => (type === "radio" ? checked : value)) };
  };
  return await (SCRIPT)();
}"""


def drawn(module, script):
    return module("exercises/drafts.js", TASK.replace("SCRIPT", script))


def test_what_is_written_stands_there_again(module):
    script = """() => {
      drawn("ada/9/self", [field("text"), field("text")]).write(1, { value: "3.2" });
      return drawn("ada/9/self", [field("text"), field("text")]).says();
    }"""

    assert drawn(module, script) == ["", "3.2"]


def test_a_choice_is_kept_as_well(module):
    script = """() => {
      const choices = () => [field("radio", "a"), field("radio", "b")];
      drawn("ada/3/choice", choices()).write(1, { checked: true });
      return drawn("ada/3/choice", choices()).says();
    }"""

    assert drawn(module, script) == [False, True]


def test_another_task_or_learner_has_a_draft_of_their_own(module):
    script = """() => {
      drawn("ada/1/rate", [field("text")]).write(0, { value: "up" });
      return ["ada/1/sum", "bob/1/rate"].map((name) => drawn(name, [field("text")]).says());
    }"""

    assert drawn(module, script) == [[""], [""]]


def test_what_is_forgotten_is_gone(module):
    script = """() => {
      const task = drawn("ada/1/rate", [field("text")]);
      task.write(0, { value: "up" });
      task.draft.forget();
      return [[...kept], drawn("ada/1/rate", [field("text")]).says()];
    }"""

    assert drawn(module, script) == [[], [""]]


def test_what_was_kept_for_other_fields_is_left_alone(module):
    script = """() => {
      drawn("ada/1/rate", [field("text")]).write(0, { value: "up" });
      return drawn("ada/1/rate", [field("radio", "a"), field("radio", "b")]).says();
    }"""

    assert drawn(module, script) == [False, False]


def test_a_browser_that_keeps_nothing_is_no_hindrance(module):
    script = """() => {
      const refused = () => { throw new DOMException("no", "SecurityError"); };
      const task = drawn("ada/1/rate", [field("text")], refused);
      task.write(0, { value: "up" });
      task.draft.forget();
      return task.says();
    }"""

    assert drawn(module, script) == ["up"]
