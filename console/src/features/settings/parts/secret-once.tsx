/** Shows what is shown once only. It does not close by accident: by its button only. */
import { Alert, Button, Code, CopyButton, Group, Modal, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useFocusBack } from "@/kit/form-dialog";
import { common } from "@/strings/common";
import { dialogs as text } from "@/strings/dialogs";

interface SecretOnceProps {
  readonly title: string;
  readonly secret: string;
  readonly onClose: () => void;
  /** What it is for, and for how long. */
  readonly children?: ReactNode;
}

export function SecretOnce({ title, secret, onClose, children }: SecretOnceProps) {
  useFocusBack();
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack gap="sm">
        {children && <Text size="sm">{children}</Text>}
        <Alert color="amber" icon={<IconAlertTriangle size={18} />}>
          {text.once}
        </Alert>
        <Code block data-testid="secret" className="wrapped">
          {secret}
        </Code>
        <Group justify="flex-end" gap="xs">
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? common.copied : common.copy}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>{text.kept}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
