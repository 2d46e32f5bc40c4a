import { expect, it } from "vitest";
import { storedProblems, typedProblems } from "./faults";

const TEXT = `@id("x")
permit (principal, action == Action::"refund", resource)
when { context.facts.nope == 1 };

@id("y")
permit (principal, action == Action::"nosuch", resource);

@id("y")
forbid (principal, action, resource);
`;
const BROKEN = "permit (principal, action, resource)\nwhen {\n  context.a ==\n};\n";
const TESTS = "tests:\n  - name: a\n  b: [";
const FILES = { "a.cedar": TEXT, "b.cedar": BROKEN, "a.tests.yaml": TESTS };

const placed: [string, string | undefined, number, string][] = [
  ["b.cedar cannot be read: unexpected token `}`", "b.cedar", 4, "unexpected token `}`"],
  [
    'a.cedar, x: for policy `policy0`, attribute `facts.nope` in context for Action::"refund" not found',
    "a.cedar",
    3,
    'x: attribute `facts.nope` in context for Action::"refund" not found',
  ],
  [
    'a.cedar, y: for policy `policy1`, unrecognized action `Action::"nosuch"`',
    "a.cedar",
    6,
    'y: unrecognized action `Action::"nosuch"`',
  ],
  ['a.cedar, policy 2 needs an @id("...")', "a.cedar", 5, 'a.cedar, policy 2 needs an @id("...")'],
  [
    "the id y is that of two policies (a.cedar, a.cedar)",
    "a.cedar",
    8,
    "the id y is that of two policies (a.cedar, a.cedar)",
  ],
  ["x has the unknown annotation @why", "a.cedar", 1, "x has the unknown annotation @why"],
  [
    'a.tests.yaml cannot be read: while parsing\n  in "<unicode string>", line 3, column 7',
    "a.tests.yaml",
    3,
    'while parsing\n  in "<unicode string>", line 3, column 7',
  ],
  ["a.tests.yaml: tests is missing", "a.tests.yaml", 1, "a.tests.yaml: tests is missing"],
  ["there are 3,000 policies", undefined, 1, "there are 3,000 policies"],
];

it.each(placed)("a fault of the server's is shown where it is: %s", (fault, file, line, message) => {
  const [found] = storedProblems(FILES, [fault]);
  expect([found?.file, found?.line, found?.message]).toEqual([file, line, message]);
});

it("what is typed is told with its line before anything is stored", () => {
  expect(typedProblems(FILES).map(({ file, line, message }) => [file, line, message])).toEqual([
    ["b.cedar", 4, "unexpected }"],
  ]);
});
