/** A field for each variable of a prompt, by its type. */
import { NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { prompts as text } from "@/strings/prompts";
import {
  choicesOf,
  type Field,
  fieldOf,
  mayBeLeftOut,
  type Typed,
  type Variable,
  type Variables,
} from "./variables";

interface VariableFieldsProps {
  readonly variables: Variables;
  readonly typed: Typed;
  readonly unreadable: readonly string[];
  readonly onChange: (typed: Typed) => void;
}

export function VariableFields({ variables, typed, unreadable, onChange }: VariableFieldsProps) {
  const all = Object.entries(variables);
  if (all.length === 0) return <Text c="dimmed">{text.noVariables}</Text>;
  return (
    <Stack gap="xs">
      {all.map(([name, variable]) => (
        <VariableField
          key={name}
          name={name}
          variable={variable}
          value={typed[name] ?? ""}
          isUnreadable={unreadable.includes(name)}
          onChange={(value) => onChange({ ...typed, [name]: value })}
        />
      ))}
    </Stack>
  );
}

interface VariableFieldProps {
  readonly name: string;
  readonly variable: Variable;
  readonly value: string;
  readonly isUnreadable: boolean;
  readonly onChange: (value: string) => void;
}

const TYPES: Partial<Record<Field, string>> = { number: "number", date: "date", moment: "datetime-local" };

function VariableField({ name, variable, value, isUnreadable, onChange }: VariableFieldProps) {
  const field = fieldOf(variable);
  const optional = mayBeLeftOut(variable);
  const type = field === "json" ? `${variable.type} ${text.asJson}` : variable.type;
  const shared = {
    label: name,
    description: [variable.description, text.variableHint(type, optional, variable.untrusted)]
      .filter(Boolean)
      .join(" · "),
    withAsterisk: !optional,
    value,
    error: isUnreadable ? text.notJson : undefined,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  if (field === "choice")
    return (
      <NativeSelect
        {...shared}
        data={[
          { value: "", label: text.leftOut },
          ...choicesOf(variable).map((one) => ({ value: one, label: one })),
        ]}
      />
    );
  if (field === "text" || field === "json") return <Textarea {...shared} rows={field === "json" ? 3 : 5} />;
  return (
    <TextInput {...shared} type={TYPES[field] ?? "text"} step={field === "number" ? "any" : undefined} />
  );
}
