import type { Translation } from "..";
import type en from "../en/account";

const zh: Translation<typeof en> = {
  title: "account",
};

export default zh;
