export default {
  username: "User",
  password: "Password",
  submit: "Sign in",
  linkUsed:
    "The link no longer works: it opens the console once, within ten minutes. Sign in with your password.",
};
