import type { Translation } from "..";
import type en from "../en/account";

const zh: Translation<typeof en> = {
  title: "账户",
  who: "您的身份",
  user: "用户名",
  role: "角色",
  until: "登录有效期至",
  tokens: "API 令牌",
  tokensOf: "您的 API 令牌",
  password: "修改密码",
  current: "当前密码",
  next: "新密码",
  nextHelp: "至少 12 个字符，且不能是常见密码。",
  ends: "您的其他会话会全部结束。当前会话和 API 令牌不受影响。",
  change: "修改密码",
  changed: "密码已修改。您的其他会话已全部结束。",
  browser: "此浏览器",
  browserHelp: "仅保存在此浏览器中。",
  elsewhere: "在其他设备上打开",
  elsewhereHelp: "生成一个链接，以您的身份打开控制台：十分钟内有效，只能使用一次。请勿转给他人。",
  makeLink: "生成链接",
  link: "登录链接",
  copyLink: "复制链接",
  linkUntil: "只能使用一次，有效期至 {{time}}。",
};

export default zh;
