/** The icon set: Lucide at the console's line weight, 1.6 px on a 16 px square. */
import {
  AlignLeft,
  ArrowDown,
  ArrowUp,
  Bot,
  Box,
  Check,
  ChevronDown,
  ChevronRight,
  CircleHelp,
  CircleUser,
  Clock,
  Code,
  Copy,
  Download,
  Ellipsis,
  Eraser,
  ExternalLink,
  Eye,
  File,
  HardDrive,
  House,
  Inbox,
  KeyRound,
  LogOut,
  type LucideIcon,
  type LucideProps,
  MessageSquare,
  Minus,
  Monitor,
  Moon,
  Pause,
  Pencil,
  Play,
  Plus,
  RotateCw,
  Search,
  Send,
  Server,
  SlidersHorizontal,
  Square,
  SquareTerminal,
  Sun,
  Trash2,
  Upload,
  WrapText,
  X,
  Zap,
} from "lucide-react";

export type IconProps = Omit<LucideProps, "ref">;

const LINE_PX = 1.6;
/** Lucide draws on 24 units; two more on each side make its glyphs as small as ours should be. */
const UNITS = 28;

function atOurWeight(Glyph: LucideIcon) {
  function Icon({ size = 16, strokeWidth = LINE_PX, ...rest }: IconProps) {
    const units = (Number(strokeWidth) * UNITS) / Number(size);
    return <Glyph aria-hidden size={size} viewBox="-2 -2 28 28" strokeWidth={units} {...rest} />;
  }
  return Icon;
}

export type IconType = ReturnType<typeof atOurWeight>;

export const AlignLeftIcon = atOurWeight(AlignLeft);
export const ArrowDownIcon = atOurWeight(ArrowDown);
export const ArrowUpIcon = atOurWeight(ArrowUp);
export const BotIcon = atOurWeight(Bot);
export const BoxIcon = atOurWeight(Box);
export const CheckIcon = atOurWeight(Check);
export const ChevronDownIcon = atOurWeight(ChevronDown);
export const ChevronRightIcon = atOurWeight(ChevronRight);
export const ClockIcon = atOurWeight(Clock);
export const CodeIcon = atOurWeight(Code);
export const CopyIcon = atOurWeight(Copy);
export const DownloadIcon = atOurWeight(Download);
export const EllipsisIcon = atOurWeight(Ellipsis);
export const EraserIcon = atOurWeight(Eraser);
export const ExternalLinkIcon = atOurWeight(ExternalLink);
export const EyeIcon = atOurWeight(Eye);
export const FileIcon = atOurWeight(File);
export const HardDriveIcon = atOurWeight(HardDrive);
export const HelpIcon = atOurWeight(CircleHelp);
export const HomeIcon = atOurWeight(House);
export const InboxIcon = atOurWeight(Inbox);
export const KeyIcon = atOurWeight(KeyRound);
export const LogOutIcon = atOurWeight(LogOut);
export const MessageIcon = atOurWeight(MessageSquare);
export const MinusIcon = atOurWeight(Minus);
export const MonitorIcon = atOurWeight(Monitor);
export const MoonIcon = atOurWeight(Moon);
export const PauseIcon = atOurWeight(Pause);
export const PencilIcon = atOurWeight(Pencil);
export const PersonIcon = atOurWeight(CircleUser);
export const PlayIcon = atOurWeight(Play);
export const PlusIcon = atOurWeight(Plus);
export const RetryIcon = atOurWeight(RotateCw);
export const SearchIcon = atOurWeight(Search);
export const SendIcon = atOurWeight(Send);
export const ServerIcon = atOurWeight(Server);
export const SettingsIcon = atOurWeight(SlidersHorizontal);
export const SquareIcon = atOurWeight(Square);
export const SunIcon = atOurWeight(Sun);
export const TerminalIcon = atOurWeight(SquareTerminal);
export const TrashIcon = atOurWeight(Trash2);
export const UploadIcon = atOurWeight(Upload);
export const WrapIcon = atOurWeight(WrapText);
export const XIcon = atOurWeight(X);
export const ZapIcon = atOurWeight(Zap);
