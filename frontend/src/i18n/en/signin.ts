export default {
  username: "User",
  password: "Password",
  submit: "Sign in",
  wait: "Sign in (in {{seconds}} s)",
  needUsername: "Enter your user name.",
  needPassword: "The password is missing.",
  opening: "Signing in by the link …",
  linkUsed:
    "The link no longer works: it opens the console once, within ten minutes. Sign in with your password.",
};
