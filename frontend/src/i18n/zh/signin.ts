import type { Translation } from "..";
import type en from "../en/signin";

const zh: Translation<typeof en> = {
  username: "用户名",
  password: "密码",
  submit: "登录",
  wait: "登录（{{seconds}} 秒后）",
  needUsername: "请输入用户名。",
  needPassword: "请输入密码。",
  opening: "正在通过链接登录…",
  linkUsed: "该链接已失效：它只能在十分钟内打开控制台一次。请用密码登录。",
};

export default zh;
