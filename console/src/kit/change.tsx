/** A button that changes something after one has confirmed it; what goes wrong is shown, and nothing typed is lost. */
import { Button, type ButtonProps, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { common as text } from "@/strings/common";
import { Failure } from "./states";

interface ChangeProps {
  /** What the button says; also the title of what opens, if no other is given. */
  readonly label: string;
  readonly title?: string;
  /** What will happen. */
  readonly hint?: ReactNode;
  /** What the button within says. */
  readonly confirm?: string;
  /** Of the button within. */
  readonly color?: string;
  readonly size?: ButtonProps["size"];
  readonly variant?: ButtonProps["variant"];
  readonly width?: number | string;
  /** Fields; what they hold is kept by whoever shows this. */
  readonly children?: ReactNode;
  /** Makes the change; what it throws is shown. */
  readonly run: () => Promise<unknown>;
  readonly onDone?: () => void;
  readonly testId?: string;
}

export function Change(props: ChangeProps) {
  const { label, title = label, hint, confirm = label, color, size = "xs", variant = "default" } = props;
  const [isOpen, setOpen] = useState(false);
  const { mutate, isPending, error, reset } = useMutation({ mutationFn: props.run });
  const close = () => {
    reset();
    setOpen(false);
  };
  const send = () =>
    mutate(undefined, {
      onSuccess: () => {
        close();
        props.onDone?.();
      },
    });
  return (
    <>
      <Button size={size} variant={variant} onClick={() => setOpen(true)} data-testid={props.testId}>
        {label}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={title}
        size={props.width ?? "md"}
        closeButtonProps={{ "aria-label": text.close }}
        transitionProps={{ duration: 0 }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <Stack gap="sm">
            {hint && (
              <Text component="div" size="sm">
                {hint}
              </Text>
            )}
            {props.children}
            {error && <Failure error={error} retry={send} title={text.notChanged} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {text.cancel}
              </Button>
              <Button type="submit" loading={isPending} {...(color === undefined ? {} : { color })}>
                {confirm}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
