import type { Translation } from "..";
import type en from "../en/signin";

const zh: Translation<typeof en> = {
  username: "用户名",
  password: "密码",
  submit: "登录",
  linkUsed: "该链接已失效：它只能在十分钟内打开控制台一次。请用密码登录。",
};

export default zh;
