"""What a Worker finds in `js`: JavaScript's own classes and the web's, one idea a file."""
