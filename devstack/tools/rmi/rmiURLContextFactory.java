package devstack.rmi;

import java.net.URI;
import java.rmi.NotBoundException;
import java.rmi.RemoteException;
import java.rmi.registry.LocateRegistry;
import java.util.Hashtable;
import javax.naming.Context;
import javax.naming.InitialContext;
import javax.naming.Name;
import javax.naming.NamingException;
import javax.naming.spi.ObjectFactory;

/** Finds the object at rmi://host:port/name, for a Java without the module jdk.naming.rmi. JNDI prescribes the name of this class. */
public final class rmiURLContextFactory implements ObjectFactory {
    @Override
    public Object getObjectInstance(Object url, Name name, Context context, Hashtable<?, ?> environment) throws NamingException {
        return new RmiContext();
    }

    private static final class RmiContext extends InitialContext {
        RmiContext() throws NamingException {
            super(true);
        }

        @Override
        public Object lookup(String url) throws NamingException {
            URI address = URI.create(url);
            try {
                return LocateRegistry.getRegistry(address.getHost(), address.getPort()).lookup(address.getPath().substring(1));
            } catch (RemoteException | NotBoundException error) {
                NamingException failure = new NamingException(url);
                failure.initCause(error);
                throw failure;
            }
        }
    }
}
