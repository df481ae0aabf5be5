// Java's HttpClient: HTTP/2 where the server speaks it, and HTTP/1.1 when told to.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Client {
    static void run(String name, HttpClient.Version version) {
        String problem = "";
        int made = 0;
        try {
            HttpClient client = HttpClient.newBuilder().version(version).build();
            for (int number = 0; number < 2; number++, made++) {
                String prompt = "matrix:Java HttpClient:" + name + "; At what temperature does water boil? " + number;
                String body = "{\"model\": \"gpt-4o\", \"messages\": [{\"role\": \"user\", \"content\": \"" + prompt + "\"}]}";
                HttpRequest request = HttpRequest.newBuilder(URI.create("https://api.openai.com/v1/chat/completions"))
                    .header("Content-Type", "application/json")
                    .header("Authorization", "Bearer sk-matrix-0123456789abcdef")
                    .POST(HttpRequest.BodyPublishers.ofString(body)).build();
                HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
                if (answer.version() != version || !answer.body().contains("choices")) {
                    problem = answer.version() + " " + answer.statusCode() + " " + answer.body();
                }
            }
        } catch (Exception error) {
            problem = error.toString();
        }
        String told = problem.isEmpty() ? "" : ", \"problem\": \"" + problem.replace("\\", " ").replace("\"", "'").replace("\n", " ") + "\"";
        System.out.println("{\"client\": \"Java HttpClient\", \"version\": \"" + System.getProperty("java.version")
            + "\", \"case\": \"" + name + "\", \"made\": " + made + told + "}");
    }

    public static void main(String[] arguments) {
        run("HTTP/2", HttpClient.Version.HTTP_2);
        run("keep-alive", HttpClient.Version.HTTP_1_1);
    }
}
