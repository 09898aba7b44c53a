import type { Translation } from "..";
import type en from "../en/users";

const zh: Translation<typeof en> = {
  title: "users",
};

export default zh;
