export default {
  title: "dashboard",
};
