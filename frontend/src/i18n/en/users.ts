export default {
  title: "users",
};
