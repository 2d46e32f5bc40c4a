/** The files of an archive: the tree of them, and the one that is chosen. */
import { Box, Text } from "@mantine/core";
import { IconFile, IconFolder, IconFolderOpen } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { bytesText } from "@/kit/bytes";
import { Failure } from "@/kit/states";
import { inspect } from "@/strings/inspect";
import { FileView } from "./file-view";
import { useParams } from "./use-param";
import classes from "./zip.module.css";
import { asText, fileIn, filesIn, MOST, type Packed, type TreeNode, treeOf } from "./zip-tree";

const text = inspect.artifacts;

export function ZipView({ bytes }: { readonly bytes: Uint8Array }) {
  const files = useMemo(() => {
    try {
      return filesIn(bytes);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }, [bytes]);
  if (files instanceof Error) return <Failure error={files} title={text.brokenZip} />;
  return <Files bytes={bytes} files={files} />;
}

interface FilesProps {
  readonly bytes: Uint8Array;
  readonly files: readonly Packed[];
}

function Files({ bytes, files }: FilesProps) {
  const [read, choose] = useParams();
  const tree = useMemo(() => treeOf(files), [files]);
  const readme = files.find(({ path }) => /(^|\/)readme\.md$/i.test(path));
  const path = read("path") ?? readme?.path;
  return (
    <Box className={classes.columns ?? ""}>
      <nav aria-label={text.tree} className={classes.tree} data-testid="zip-tree">
        <Text size="xs" c="dimmed" px={6}>
          {text.files(files.length)}
        </Text>
        <Folder nodes={tree} chosen={path} onChoose={(chosen) => choose({ path: chosen })} />
      </nav>
      <Box miw={0}>
        {path === undefined ? (
          <Text c="dimmed">{text.chooseFile}</Text>
        ) : (
          <File bytes={bytes} file={files.find((each) => each.path === path)} path={path} />
        )}
      </Box>
    </Box>
  );
}

interface FileProps {
  readonly bytes: Uint8Array;
  readonly file: Packed | undefined;
  readonly path: string;
}

function File({ bytes, file, path }: FileProps) {
  const content = useMemo(() => {
    const found = file && file.size <= MOST ? fileIn(bytes, file.path) : undefined;
    return found && asText(found);
  }, [bytes, file]);
  if (file === undefined) return <Text>{text.noFile(path)}</Text>;
  return (
    <>
      <Text size="sm" mb={6} style={{ overflowWrap: "anywhere" }}>
        <span className="mono">{path}</span>
        {` · ${bytesText(file.size)}`}
      </Text>
      {content === undefined ? (
        <Text c="dimmed">{file.size > MOST ? text.fileTooLarge : text.binary}</Text>
      ) : (
        <FileView key={path} name={path} content={content} asSource={!path.endsWith(".md")} />
      )}
    </>
  );
}

interface FolderProps {
  readonly nodes: readonly TreeNode[];
  readonly chosen: string | undefined;
  readonly onChoose: (path: string) => void;
}

function Folder({ nodes, chosen, onChoose }: FolderProps) {
  return (
    <ul className={classes.nodes}>
      {nodes.map((node) => (
        <li key={node.path}>
          {node.children ? (
            <Branch node={node} within={node.children} chosen={chosen} onChoose={onChoose} />
          ) : (
            <button
              type="button"
              className={classes.node}
              aria-current={node.path === chosen ? "true" : undefined}
              onClick={() => onChoose(node.path)}
            >
              <IconFile size={14} aria-hidden />
              <span>{node.name}</span>
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

interface BranchProps extends Omit<FolderProps, "nodes"> {
  readonly node: TreeNode;
  readonly within: readonly TreeNode[];
}

function Branch({ node, within, chosen, onChoose }: BranchProps) {
  const [isOpen, setOpen] = useState(chosen?.startsWith(node.path) ?? false);
  const Icon = isOpen ? IconFolderOpen : IconFolder;
  return (
    <>
      <button type="button" className={classes.node} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon size={14} aria-hidden />
        <span>{node.name}</span>
      </button>
      {isOpen && <Folder nodes={within} chosen={chosen} onChoose={onChoose} />}
    </>
  );
}
